from . import augment as augment
from . import backbones as backbones
from . import bench as bench
from . import cls as cls
from . import config as config
from . import datasets as datasets
from . import deploy as deploy
from . import det as det
from . import distill as distill
from . import evaluate as evaluate
from . import experiment as experiment
from . import kernels as kernels
from . import losses as losses
from . import ocr as ocr
from . import polygons as polygons
from . import prune as prune
from . import rec as rec
from . import strategies as strategies
from . import training as training
from . import viz as viz
from . import zoo as zoo
from .zoo.pretrained import load_paddleocr_weights as load_paddleocr_weights
from .zoo.pretrained import pretrained as pretrained

__version__: str
